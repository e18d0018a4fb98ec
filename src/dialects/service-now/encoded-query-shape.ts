// An encoded query (`sysparm_query`) with every value taken out, so that it can be logged. What is
// not understood is taken out whole. Source: ServiceNow reference, section 2.
// Invariant: of each condition only the prefix, the field's name and the operator are shown.

/** Longer ones first: what begins like another operator must not be taken for it. */
const operators = [
  'NOT LIKE',
  'DOES NOT CONTAIN',
  'CONTAINS',
  'STARTSWITH',
  'ENDSWITH',
  'ISNOTEMPTY',
  'ISEMPTY',
  'EMPTYSTRING',
  'ANYTHING',
  'NOT IN',
  'BETWEEN',
  'DYNAMIC',
  'SAMEAS',
  'NSAMEAS',
  'INSTANCEOF',
  'RELATIVEGT',
  'RELATIVELT',
  'RELATIVEGE',
  'RELATIVELE',
  'RELATIVEEE',
  'VALCHANGES',
  'CHANGESFROM',
  'CHANGESTO',
  'GT_FIELD',
  'LT_FIELD',
  'MORETHAN',
  'LESSTHAN',
  'DATEPART',
  'NOTON',
  'LIKE',
  'IN',
  'ON',
  '!=',
  '>=',
  '<=',
  '=',
  '>',
  '<',
].join('|');

/** Field names are lower case; what follows the operator is the value. */
const CONDITION = new RegExp(`^(OR|NQ|)([a-z][a-z0-9_.]{0,99})(${operators})(.*)$`, 's');
const ORDER = /^(ORDERBYDESC|ORDERBY|GROUPBY)([a-z][a-z0-9_.]{0,99})$/;
/** Operators that take no value. */
const VALUELESS = /^(ISNOTEMPTY|ISEMPTY|EMPTYSTRING|ANYTHING|VALCHANGES)$/;
/** Conditions that are shown; a list of thousands of ids is one condition, in `IN`. */
const PARTS_MAX = 50;

/** `state=6^nameLIKEsmith^ORDERBYnumber` becomes `state=?^nameLIKE?^ORDERBYnumber`. */
export function encodedQueryShape(query: string): string {
  const parts = partsOf(query);
  const shown = parts.slice(0, PARTS_MAX).map(partShape);
  if (parts.length > PARTS_MAX) shown.push('...');
  return shown.join('^');
}

/** Whether the order of all rows is fixed, so that pages neither share nor miss any. */
export function isTotallyOrdered(query: string): boolean {
  return partsOf(query).some((part) => /^ORDERBY(DESC)?(sys_id|number)$/.test(part));
}

/** The conditions; `^^` is a caret inside a value. */
function partsOf(query: string): string[] {
  return query.split(/(?<!\^)\^(?!\^)/);
}

function partShape(part: string): string {
  if (part === 'EQ' || part === '' || ORDER.test(part)) return part;
  const [, prefix, field, operator = '', value] = CONDITION.exec(part) ?? [];
  if (field === undefined) return '?';
  const isBare = VALUELESS.test(operator) && value === '';
  return `${prefix}${field}${operator}${isBare ? '' : '?'}`;
}
