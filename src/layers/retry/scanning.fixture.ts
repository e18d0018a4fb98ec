// Reads answers in the dialect of their route, as the innermost layer does in a gateway, so that
// the tests of this layer see real progress.

import type { Scanner } from '../../core/dialect.ts';
import { CallError } from '../../core/errors.ts';
import type { Layer } from '../../core/layer.ts';
import type { Sink } from '../../core/sink.ts';

/** Stands below the layer under test. */
export const scanning: Layer = {
  name: 'meaning',
  wrap: (next) => (call, sink) => {
    let scanner: Scanner | undefined;
    const reader: Sink = {
      interim: (head) => sink.interim(head),
      start(head, flow) {
        scanner = call.route.dialect.scannerFor(head, false);
        call.timeline.progress = scanner?.progress;
        sink.start(head, flow);
      },
      chunk(bytes) {
        scanner?.scan(bytes, 0, bytes.length);
        sink.chunk(bytes);
      },
      end(trailers) {
        const fault = scanner?.finish();
        if (fault === undefined) sink.end(trailers);
        else sink.fail(new CallError(fault));
      },
      fail: (error) => sink.fail(error),
    };
    next(call, reader);
  },
};
