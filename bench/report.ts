// What a person reads: one table a scenario, the ratios of all at a glance, the budgets.

import type { ConversionRow } from './conversions.ts';
import type { Verdict } from './budgets.ts';
import type { LayerCost, LayerReport } from './layer-summary.ts';
import type { Machine } from './machine.ts';
import type { IdleResult } from './measure.ts';
import type { LoadRow, Outcome } from './summary.ts';
import type { Target } from './target.ts';

/** Columns of text; the first is set left, the others right. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, at) =>
    Math.max(...[head, ...rows].map((row) => (row[at] ?? '').length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => {
        const width = widths[at] ?? 0;
        return at === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ');
  return ['', line(head), ...rows.map(line)].join('\n  ').slice(1);
}

/** A number with about three digits that count; a dash when there is none. */
function short(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en-US');
  if (size >= 10) return value.toFixed(1);
  return value.toFixed(size >= 1 ? 2 : 3);
}

const share = (part: number): string =>
  Number.isFinite(part) && part > 0 ? `${Math.round(part * 100)}%` : '-';

function loadTable(unit: string, timing: string, rows: readonly LoadRow[]): string {
  const head = ['', `us/${unit}`, 'x nginx', `${unit}s/s`, `${timing} p50`, 'p99', '+p50', '+p99'];
  head.push('busy', 'harness', 'upstream conns', 'errors');
  const cells = rows.map((row) => {
    const times = [row.p50, row.p99, row.addedP50, row.addedP99].map(short);
    const harness = `${short(row.harnessPerUnit)} (${share(row.harnessBusy)})`;
    const name = row.overloaded ? `${row.target} (overloaded)` : row.target;
    const costs = [row.cpuPerUnit, row.ratio, row.perSecond].map(short);
    const counts = [short(row.upstreamConnects), String(row.errors)];
    return [name, ...costs, ...times, share(row.busy), harness, ...counts];
  });
  return table(head, cells);
}

function idleTable(idle: ReadonlyMap<string, IdleResult>): string {
  const head = ['', 'RSS KB/stream', 'PSS KB/stream', 'at rest MB', 'held MB', 'errors'];
  const rows = [...idle].map(([target, result]) => {
    const name = result.opened ? target : `${target} (not all opened)`;
    const resident = [result.atRest.rss / 1024, result.held.rss / 1024];
    const each = [result.rssPerStream, result.pssPerStream];
    return [name, ...[...each, ...resident].map(short), String(result.errors)];
  });
  return table(head, rows);
}

/** The table of one scenario. */
export function outcomeText(outcome: Outcome): string {
  const title = `${outcome.scenario.name}: ${outcome.scenario.title}`;
  if ('idle' in outcome) return `${title}\n${idleTable(outcome.idle)}`;
  const { unit, timing } = outcome.scenario;
  const words = { latency: 'us', firstByte: 'first us', delay: 'delay us' };
  return `${title}\n${loadTable(unit, words[timing], outcome.rows)}`;
}

/** What each layer of Holdfast adds, outermost first. */
export function layersText({ bare, layers, all }: LayerReport): string {
  const row = (name: string, cost: LayerCost): readonly string[] => [
    name,
    ...[cost.nsPerCall, cost.nsPerChunk, cost.bytesPerStream].map((value) => value.toFixed(0)),
  ];
  const rows = [
    row('call without layers', bare),
    ...layers.map((layer) => row(`+ ${layer.name}`, layer)),
    row('all layers', all),
  ];
  const head = ['', 'ns/call', 'ns/chunk', 'bytes/resting stream'];
  const title = 'layers of holdfast, in process, over an upstream that answers at once';
  return `${title}\n${table(head, rows)}`;
}

/** What it costs to speak another API than the caller. */
export function conversionsText(rows: readonly ConversionRow[]): string {
  const request = ['us/request', 'us/request of 76 KB'];
  const head = ['caller', 'upstream', ...request, 'us/event', 'us/answer of 2 KB'];
  const cells = rows.map(({ from, to, smallRequest, agentRequest, event, answer }) => [
    from,
    to,
    smallRequest.toFixed(1),
    agentRequest.toFixed(0),
    event?.toFixed(2) ?? '-',
    answer?.toFixed(0) ?? '-',
  ]);
  return `conversion of calls and answers, in process, CPU\n${table(head, cells)}`;
}

/** CPU as multiples of nginx for every target and scenario, and memory of idle streams. */
export function overviewText(outcomes: readonly Outcome[], targets: readonly string[]): string {
  const head = ['', ...outcomes.map((outcome) => outcome.scenario.name)];
  const rows = targets
    .filter((target) => target !== 'direct')
    .map((target) => [target, ...outcomes.map((outcome) => overviewCell(outcome, target))]);
  return `CPU per unit, x nginx (idle: resident KB of a stream)\n${table(head, rows)}`;
}

function overviewCell(outcome: Outcome, target: string): string {
  if ('idle' in outcome) return short(outcome.idle.get(target)?.rssPerStream ?? Number.NaN);
  const row = outcome.rows.find((each) => each.target === target);
  return `${short(row?.ratio ?? Number.NaN)}${row !== undefined && row.errors > 0 ? '!' : ''}`;
}

/** Met, missed or not measured, one line each. */
export function budgetText(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ what, limit, measured, met }) => {
    const mark = measured === undefined ? 'not measured' : met ? 'met' : 'MISSED';
    return [what, limit, measured ?? '-', mark];
  });
  return `budgets of holdfast\n${table(['', 'limit', 'measured', ''], rows)}`;
}

/** Where it ran, and what each target does. */
export function openingText(machine: Machine, targets: readonly Target[]): string {
  const { cores, model, kernel, node, commit } = machine;
  const lines = [`${cores} x ${model}, Linux ${kernel}, Node ${node}, commit ${commit}`];
  if (machine.loadBefore > 0.5) {
    lines.push(
      `The machine was busy before the run (load ${machine.loadBefore}): read ratios, not times.`,
    );
  }
  for (const target of targets) {
    lines.push(`${target.name} ${target.version()}: ${target.does}`);
  }
  return lines.join('\n');
}
