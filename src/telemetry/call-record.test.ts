import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Call } from '../core/call.ts';
import { Progress } from '../core/dialect.ts';
import { CallError } from '../core/errors.ts';
import { stubDialect, testCall } from '../testing/test-call.ts';
import type { TestCallOptions } from '../testing/test-call.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { CallRecord } from './call-record.ts';
import { Metrics } from './metrics.ts';

const asked = 'claude-x';

/** A call to a model whose answer took from 100 to 1,100 ms. */
function modelCall(options: TestCallOptions = {}): Call {
  const dialect = { ...stubDialect, name: 'anthropic' };
  const call = testCall({ ...options, route: { name: 'r', dialect, ...options.route } });
  Object.assign(call.timeline, { attempts: 1, upstream: 'u', status: 200, committedAt: 100 });
  Object.assign(call.timeline, { firstWriteAt: 0, sentAt: 0, firstByteAt: 100 });
  Object.assign(call.timeline, { lastByteAt: 1_100, lastProgressAt: 1_100, endedAt: 1_100 });
  call.timeline.progress = new Progress();
  call.timeline.progress.contentEvents = 20;
  return call;
}

describe('the record of a finished call', () => {
  let metrics: Metrics;
  let record: CallRecord;
  beforeEach(() => {
    metrics = new Metrics();
    record = new CallRecord(metrics, new VirtualClock(), undefined, () => asked);
  });
  afterEach(() => metrics.close());

  function finish(call: Call, error?: CallError): void {
    record.callStarted(call);
    if (error === undefined) record.callAnswered(call);
    record.callEnded(call, error);
  }

  /** The sample of a series, by its labels in the order of the table. */
  async function sample(name: string, ...labels: string[]): Promise<number | undefined> {
    const inner = labels.map((label) => label.replace(/=(.*)/, '="$1"')).join(',');
    const text = await metrics.text();
    const start = `${name}{${inner}} `;
    const line = text.split('\n').find((one) => one.startsWith(start));
    return line === undefined ? undefined : Number(line.slice(start.length));
  }

  const ai = (operation: string, model: string): string[] => [
    `gen_ai_operation_name=${operation}`,
    'gen_ai_provider_name=u',
    `gen_ai_request_model=${model}`,
  ];
  const duration = 'gen_ai_client_operation_duration_seconds_count';
  const perChunk = 'gen_ai_client_operation_time_per_output_chunk_seconds';

  it('tells calls to models apart by what they ask for and of which model', async () => {
    finish(modelCall());
    finish(modelCall({ path: '/v1/embeddings' }));
    finish(modelCall({ path: '/v1/messages/count_tokens' }));
    for (const operation of ['chat', 'embeddings', 'count_tokens']) {
      assert.equal(await sample(duration, ...ai(operation, asked), 'error_type='), 1, operation);
    }
  });

  it('counts every chunk of a stream, with the mean of the stream', async () => {
    finish(modelCall());
    const labels = [...ai('chat', asked), 'error_type='];
    assert.equal(await sample(`${perChunk}_count`, ...labels), 20);
    assert.equal(await sample(`${perChunk}_sum`, ...labels), 1);
    assert.equal(await sample(`${perChunk}_bucket`, ...labels, 'le=0.025'), 0);
    assert.equal(await sample(`${perChunk}_bucket`, ...labels, 'le=0.05'), 20);
  });

  it('knows no chunks of a document, nor of a stream without content', async () => {
    const document = modelCall();
    Object.assign(document.timeline.progress as Progress, { isDocument: true });
    finish(document);
    const empty = modelCall();
    Object.assign(empty.timeline.progress as Progress, { contentEvents: 0 });
    finish(empty);
    const labels = [...ai('chat', asked), 'error_type='];
    assert.equal(await sample(`${perChunk}_count`, ...labels), 0);
    assert.equal(await sample(duration, ...labels), 2);
  });

  it('names the model of a failed call only when an upstream has answered to it', async () => {
    const failed = modelCall();
    Object.assign(failed.timeline, { committedAt: -1, status: 504, progress: undefined });
    const error = new CallError('FIRST_BYTE_TIMEOUT');
    finish(failed, error);
    const type = 'error_type=FIRST_BYTE_TIMEOUT';
    assert.equal(await sample(duration, ...ai('chat', '_OTHER'), type), 1);
    finish(modelCall());
    finish(failed, error);
    assert.equal(await sample(duration, ...ai('chat', asked), type), 1);
  });

  it('gives a refusal of the upstream its status as the type of its error', async () => {
    const refused = modelCall();
    Object.assign(refused.timeline, { status: 429, progress: undefined });
    finish(refused);
    assert.equal(await sample(duration, ...ai('chat', '_OTHER'), 'error_type=429'), 1);
  });

  it('leaves out what no upstream was asked, and what is counted for its twin', async () => {
    const refused = modelCall();
    refused.timeline.attempts = 0;
    finish(refused, new CallError('QUOTA_EXCEEDED'));
    const twin = modelCall();
    twin.timeline.twinOf = 'other';
    finish(twin);
    assert.doesNotMatch(await metrics.text(), /^gen_ai_client_operation_duration_seconds_count\{/m);
  });

  it('counts tokens by model', async () => {
    const call = modelCall();
    Object.assign(call.timeline.progress as Progress, { inputTokens: 7, outputTokens: 3 });
    finish(call);
    const tokens = 'gen_ai_client_token_usage_total';
    assert.equal(await sample(tokens, ...ai('chat', asked), 'gen_ai_token_type=input'), 7);
    assert.equal(await sample(tokens, ...ai('chat', asked), 'gen_ai_token_type=output'), 3);
  });

  it('does not take an answer with an error inside for a whole one', async () => {
    const call = modelCall();
    Object.assign(call.timeline.progress as Progress, { errorType: 'overloaded_error' });
    finish(call);
    const type = 'error_type=UPSTREAM_ERROR_EVENT';
    assert.equal(await sample(duration, ...ai('chat', '_OTHER'), type), 1);
    const server = ['http_request_method=POST', 'http_route=r', 'http_response_status_code=200'];
    const served = 'http_server_request_duration_seconds_count';
    assert.equal(await sample(served, ...server, type), 1);
    assert.equal(await sample('gw_stream_end_total', 'http_route=r', 'how=error'), 1);
  });
});
