// Options of WebSocket sessions. The numbers are those of the proxy that obeys them, so that none
// has two homes.

import { z } from 'zod';
import { defaultWebSocketOptions } from '../../edges/web-socket/options.ts';
import * as option from './option.ts';
import { formatDuration, formatSize } from './units.ts';

const usual = defaultWebSocketOptions;

/** `webSocket` of an upstream. */
export const webSocket = z.strictObject({
  ping: option.withDefault(
    option.duration({ min: '100ms', orNone: true }),
    formatDuration(usual.pingMs),
    {
      doc: 'Silence of one side after which it is asked whether it is still there, spread by 10 %; `none` = never.',
      why: 'A killed tab sends no goodbye; proxies on the way close what is silent for 60 s.',
    },
  ),
  pong: option.withDefault(option.duration({ min: '100ms' }), formatDuration(usual.pongMs), {
    doc: 'From the ping to any sign of life; after it the session ends and frees what it holds.',
    why: 'A living peer answers within a round trip; ten seconds forgive the radio of a sleeping phone.',
  }),
  maxMessage: option.withDefault(
    // What counts the bytes of a message counts to 2 GiB and takes more for no limit.
    option.size({ min: '1KiB', max: '1GiB' }),
    formatSize(usual.messageBytes),
    {
      doc: 'Longest message either side may send; above it the session ends with 1009.',
      why: 'A message is held whole before it passes on, so this bounds the memory of a session.',
    },
  ),
  backlog: option.withDefault(
    option.size({ min: '64KiB', max: '64MiB' }),
    formatSize(usual.backlogBytes),
    {
      doc: 'Bytes that may wait for one side; above it the other one is not read.',
      why: 'A slow reader slows its sender down and not the gateway.',
    },
  ),
  stall: option.withDefault(option.duration({ min: '100ms' }), formatDuration(usual.stallMs), {
    doc: 'Longest time in which one side takes none of the bytes that wait for it.',
    why: 'As long as an HTTP answer may wait for its reader.',
  }),
});
