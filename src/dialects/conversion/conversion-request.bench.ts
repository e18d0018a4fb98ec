// What converting a request costs beside parsing it, in us, for bodies of the size that Claude Code
// and Codex send. Run: node src/dialects/conversion/conversion-request.bench.ts. Judges nothing.

import { performance } from 'node:perf_hooks';
import { askedFor } from './asked-for.ts';
import { estimateTokens } from './estimate-tokens.ts';
import { claudeCodeBody, decoders, encoders, formats, roomy, whole } from './requests.fixture.ts';
import type { Format } from './requests.fixture.ts';

/** The median of `rounds` timings of `run`, in us: others share the machine. */
function timed(rounds: number, run: () => unknown): number {
  const timings: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now();
    for (let time = 0; time < 10; time += 1) run();
    timings.push((performance.now() - start) * 100);
  }
  return timings.toSorted((a, b) => a - b)[rounds >> 1] ?? 0;
}

/** A session that has gone on: the first request of Claude Code and `rounds` calls of tools. */
function session(rounds: number): string {
  const body = claudeCodeBody();
  for (let at = 0; at < rounds; at += 1) {
    const id = `toolu_${String(at).padStart(24, '0')}`;
    const edit = { file_path: '/src/a.ts', old: 'const a = 1;\n'.repeat(8), new: 'let a;\n' };
    body.messages.push(
      { role: 'assistant', content: [{ type: 'tool_use', id, name: 'Tool3', input: edit }] },
      {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: id, content: 'x = 1;\n'.repeat(200) }],
      },
    );
  }
  return JSON.stringify(body);
}

const inMicros = (value: number): string => value.toFixed(0).padStart(7);

function bench(name: string, text: string, from: Format): void {
  const parse = timed(60, () => JSON.parse(text));
  const json = JSON.parse(text) as unknown;
  const decode = timed(60, () => decoders[from](json));
  const { request } = whole(decoders[from](json));
  const estimate = timed(60, () => estimateTokens(request));
  const encoded = whole(encoders.chat(request, roomy));
  const asked = timed(60, () => askedFor(request, encoded));
  const size = `${Math.round(text.length / 1024)} KB`.padStart(8);
  const columns = [parse, decode, estimate, asked].map(inMicros);
  for (const to of formats) {
    if (to === from) columns.push('      -');
    else columns.push(inMicros(timed(60, () => encoders[to](request, roomy))));
  }
  console.log(`${name.padEnd(24)}${size}${columns.join('')}`);
}

console.log('from                        size  parse decode  estim  asked >anthr  >chat  >resp');
for (const rounds of [0, 40, 400]) {
  const text = session(rounds);
  const { request } = whole(decoders.anthropic(JSON.parse(text) as unknown));
  bench(`anthropic, ${rounds} calls`, text, 'anthropic');
  for (const from of ['chat', 'responses'] as const) {
    bench(`${from}, ${rounds} calls`, whole(encoders[from](request, roomy)).body, from);
  }
}
