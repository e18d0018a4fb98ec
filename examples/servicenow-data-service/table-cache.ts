// A cache of views of tables, filled with plain `fetch` and all at once, as services do when they
// start. Knows nothing of tokens, limits or retries: those are the gateway's.

/** Part of a table: what one team looks at. */
export interface View {
  readonly table: string;
  readonly priority: number;
  readonly open: boolean;
}

/** One row, by columns. */
export type Row = Readonly<Record<string, string>>;

/** How a view was read. */
export interface Reading extends View {
  /** Why there is no such view; '' = there is. */
  readonly fault: string;
  readonly rows: number;
  readonly pages: number;
  /** From the first request to the last page, waits included. */
  readonly tookMs: number;
}

const COLUMNS = 'sys_id,number,short_description,state';
/** Small, so that there is something to page through. */
const PAGE_ROWS = 20;
const PATIENCE_MS = 30_000;

/** Views in memory. */
export class TableCache {
  readonly #base: string;
  readonly #fields: Readonly<Record<string, string>>;
  readonly #rows = new Map<string, readonly Row[]>();

  /** `base`: what stands in front of `/api/now`. `authorization` is for instances themselves. */
  constructor(base: string, authorization?: string) {
    this.#base = base;
    const fields = { accept: 'application/json' };
    this.#fields = authorization === undefined ? fields : { ...fields, authorization };
  }

  /** Reads every view, all at the same time. */
  warm(views: readonly View[]): Promise<Reading[]> {
    return Promise.all(views.map((view) => this.#read(view)));
  }

  /** The rows of a view that was read; `undefined` = there is none. */
  rows(view: View): readonly Row[] | undefined {
    return this.#rows.get(keyOf(view));
  }

  async #read(view: View): Promise<Reading> {
    const startedAt = performance.now();
    const rows: Row[] = [];
    let pages = 0;
    let fault = '';
    try {
      for (let url: string | undefined = this.#firstPage(view); url !== undefined; pages += 1) {
        const page = await this.#page(url);
        rows.push(...page.rows);
        url = page.next;
      }
      this.#rows.set(keyOf(view), rows);
    } catch (thrown) {
      fault = reasonOf(thrown);
    }
    return { ...view, fault, rows: rows.length, pages, tookMs: performance.now() - startedAt };
  }

  #firstPage({ table, priority, open }: View): string {
    const parameters = new URLSearchParams({
      // In a total order, else rows repeat or vanish between pages.
      sysparm_query: `priority=${priority}^active=${open}^ORDERBYsys_id`,
      sysparm_fields: COLUMNS,
      sysparm_exclude_reference_link: 'true',
      sysparm_limit: String(PAGE_ROWS),
    });
    return `${this.#base}/api/now/table/${table}?${parameters.toString()}`;
  }

  async #page(url: string): Promise<{ readonly rows: readonly Row[]; readonly next?: string }> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const answer = await fetch(url, { headers: this.#fields, signal });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const { result } = (await answer.json()) as { readonly result: readonly Row[] };
    const next = nextOf(answer.headers.get('link') ?? '');
    return next === undefined ? { rows: result } : { rows: result, next: new URL(next, url).href };
  }
}

function keyOf({ table, priority, open }: View): string {
  return `${table} ${priority} ${open}`;
}

/** The address of the next page, relative or whole. A short page is no sign of the end. */
function nextOf(link: string): string | undefined {
  return /<([^>]*)>\s*;\s*rel="next"/.exec(link)?.[1];
}

/** `fetch` hides what happened to the connection in the cause. */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.cause instanceof Error ? thrown.cause.message : thrown.message;
}
