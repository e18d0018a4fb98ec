// What commands say on their two outputs. A reader that has seen enough (`| head`) closes its end
// of the pipe, which is no failure of the command. `serve` does not come by here: its log owns the
// descriptor, and opening Node's stream on it would make it non-blocking.

type Output = NodeJS.WriteStream;

const watched = new WeakSet<Output>();

/** Writes to standard output. */
export function print(text: string): void {
  to(process.stdout, text);
}

/** Writes to standard error. */
export function complain(text: string): void {
  to(process.stderr, text);
}

function to(output: Output, text: string): void {
  if (!watched.has(output)) {
    watched.add(output);
    output.on('error', ignoreClosed);
  }
  output.write(text);
}

function ignoreClosed(fault: NodeJS.ErrnoException): void {
  if (fault.code !== 'EPIPE') throw fault;
}
