// Entry point of `holdfast/testing`: what a test of a layer, a stack or a whole gateway needs.
// Re-exports only. Invariant: nothing here is imported by the product at run time but `holdfast
// sim`.

export { CountingClock } from './counting-clock.ts';
export { DelayRelay } from './delay-relay.ts';
export type { RelayOptions } from './delay-relay.ts';
export { DistantSocket, connectFromAfar } from './distant-socket.ts';
export { pointTable } from './fault-draft.ts';
export { FaultRule, FaultSpecDefect, parseFaultSpec } from './fault-spec.ts';
export { faultTable } from './fault-table.ts';
export { LeakCheck } from './leak-check.ts';
export type { LeakScope } from './leak-check.ts';
export type * from './misbehaving-upstream/behaviour.ts';
export * from './misbehaving-upstream/behaviours.ts';
export * from './misbehaving-upstream/built-in-answers.ts';
export { testCertificate, testKey } from './misbehaving-upstream/certificate.ts';
export { MisbehavingUpstream } from './misbehaving-upstream/misbehaving-upstream.ts';
export type { UpstreamOptions } from './misbehaving-upstream/misbehaving-upstream.ts';
export * from './misbehaving-upstream/scripts.ts';
export { Seen, SeenConnection, SeenRequest } from './misbehaving-upstream/seen.ts';
export type { ClosedBy, KeepLimits } from './misbehaving-upstream/seen.ts';
export { canDropPackets, dropPackets } from './packet-filter.ts';
export { RawClient } from './raw-client.ts';
export { RecordingSink } from './recording-sink.ts';
export type { RecordingOptions, SinkEvent } from './recording-sink.ts';
export { ScriptedCall, ScriptedService, byHand, testHead } from './scripted-service.ts';
export type { CallScript, ScriptedChunk, ServiceScript } from './scripted-service.ts';
export { SimServer } from './sim-server.ts';
export type { SimReport, SimServerOptions } from './sim-server.ts';
export {
  stubDialect,
  testCall,
  testEndpoint,
  testLimits,
  testRoute,
  testTarget,
} from './test-call.ts';
export type { TestCallOptions } from './test-call.ts';
export { VirtualClock } from './virtual-clock.ts';
