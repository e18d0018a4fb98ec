// First thing that runs: says what to do when Node is too old, before anything newer is loaded.
// Plain syntax only, so that an old Node can read it.

const oldest = 24;
const running = Number(process.versions.node.split('.')[0]);

if (running < oldest) {
  process.stderr.write(
    `Holdfast needs Node ${oldest} or newer, this is ${process.versions.node}. ` +
      'In a checkout, "npm ci && npm start" brings its own; elsewhere: npx node@26 ' +
      `${process.argv[1]}\n`,
  );
  process.exit(2);
}
