import { deepEqual, equal } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Progress } from './dialect.ts';
import { NEVER, Timeline } from './timeline.ts';

describe('timeline', () => {
  it('begins with nothing but its start', () => {
    const timeline = new Timeline(5);
    equal(timeline.startedAt, 5);
    equal(timeline.firstByteAt, NEVER);
    equal(timeline.attempts, 0);
  });

  it('forgets the wire of the attempt before, but not the call', () => {
    const timeline = new Timeline(0);
    timeline.routedAt = 1;
    timeline.beginAttempt(2);
    timeline.firstWriteAt = 3;
    timeline.lastByteAt = 4;
    timeline.responseBytes = 9;
    timeline.requestBytes = 7;
    timeline.progress = new Progress();
    timeline.upstreamStatus = 503;
    timeline.backoffSince = 5;
    timeline.pause(5);
    timeline.beginAttempt(6);
    deepEqual([timeline.upstreamStatus, timeline.backoffSince], [0, NEVER]);
    const { attempts, acquiredAt, firstWriteAt, lastByteAt, pausedAt, responseBytes } = timeline;
    deepEqual(
      [attempts, acquiredAt, firstWriteAt, lastByteAt, pausedAt, responseBytes],
      [2, 6, NEVER, NEVER, NEVER, 0],
    );
    equal(timeline.progress, undefined);
    deepEqual([timeline.routedAt, timeline.requestBytes], [1, 7]);
  });

  it('does not take time in which we held the upstream back for its silence', () => {
    const timeline = new Timeline(0);
    timeline.lastByteAt = 100;
    timeline.lastProgressAt = 90;
    timeline.pause(150);
    timeline.pause(180);
    timeline.resume(250);
    timeline.resume(900);
    deepEqual([timeline.lastByteAt, timeline.lastProgressAt], [200, 190]);
    equal(timeline.pausedAt, NEVER);
  });

  it('leaves marks alone that were never set', () => {
    const timeline = new Timeline(0);
    timeline.pause(10);
    timeline.resume(20);
    deepEqual([timeline.lastByteAt, timeline.lastProgressAt], [NEVER, NEVER]);
  });

  it('is in a phase of its own at each step of a call', () => {
    const timeline = new Timeline(0);
    const phases: string[] = [];
    const now = (awaitsCaller: boolean = false): void => {
      phases.push(timeline.phase(awaitsCaller));
    };
    now();
    timeline.receivedAt = 1;
    now();
    timeline.routedAt = 2;
    now();
    timeline.admittedAt = 3;
    now();
    now(true);
    timeline.beginAttempt(4);
    now();
    timeline.firstWriteAt = 5;
    now();
    timeline.sentAt = 6;
    now();
    timeline.firstByteAt = 7;
    now();
    timeline.backoffSince = 8;
    now();
    timeline.beginAttempt(9);
    now();
    const all = 'send,route,admit,connect,send,connect,send,wait,stream,wait,connect';
    equal(phases.join(), all);
  });

  it('shows the wire of a shared call, and nothing of it before the caller came', () => {
    const shared = new Timeline(0);
    shared.beginAttempt(10);
    shared.firstWriteAt = 20;
    shared.firstByteAt = 60;
    shared.responseBytes = 7;
    shared.endpoint = 'host:1';
    shared.upstreamStatus = 201;
    shared.backoffSince = 30;
    shared.progress = new Progress();
    const twin = new Timeline(40);
    twin.requestBytes = 3;
    twin.copyWire(shared, 50);
    deepEqual(
      [twin.acquiredAt, twin.connectedAt, twin.firstWriteAt, twin.firstByteAt],
      [50, NEVER, 50, 60],
    );
    deepEqual([twin.attempts, twin.responseBytes, twin.endpoint], [1, 7, 'host:1']);
    equal(twin.progress, shared.progress);
    deepEqual([twin.upstreamStatus, twin.backoffSince], [201, 50]);
    deepEqual([twin.startedAt, twin.requestBytes, twin.status], [40, 3, 0]);
  });
});
