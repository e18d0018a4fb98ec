// Says what Anthropic's voice says in frames of an AWS event stream, as latin1 text, because voices
// speak text. Signs of life are left out, failures become exceptions, and the last event tells the
// host's own counts.

import type { Ask } from '../ask.ts';
import type { Composition } from '../composition.ts';
import type { Voice, VoiceEvent } from '../voice.ts';
import { chunkFrame, exceptionFrame } from './event-stream-frames.ts';

/** Made-up latencies in ms; only their presence matters to readers. */
const METRICS_LATENCY_MS = 400;

/** Frames around another voice. */
export class FrameVoice implements Voice {
  readonly ping: undefined = undefined;
  readonly failure: VoiceEvent;
  readonly #inner: Voice;
  readonly #metrics: object;

  constructor(inner: Voice, ask: Ask, said: Composition) {
    this.#inner = inner;
    this.failure = inner.failure;
    this.#metrics = {
      inputTokenCount: ask.promptTokens,
      outputTokenCount: said.outputTokens,
      invocationLatency: METRICS_LATENCY_MS,
      firstByteLatency: METRICS_LATENCY_MS,
    };
  }

  *events(): Generator<VoiceEvent> {
    for (const event of this.#inner.events()) if (event.type !== 'ping') yield event;
  }

  whole(): object {
    return this.#inner.whole();
  }

  frame({ type, data }: VoiceEvent): string {
    if (type === 'error') {
      const message = 'The service is not available. Try again later.';
      return exceptionFrame('serviceUnavailableException', message).toString('latin1');
    }
    const host =
      type === 'message_stop' ? { 'amazon-bedrock-invocationMetrics': this.#metrics } : {};
    return chunkFrame(JSON.stringify({ type, ...data, ...host })).toString('latin1');
  }
}
