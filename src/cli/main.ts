#!/usr/bin/env -S node --max-semi-space-size=4
// The executable. Loads the program only after the version of Node was looked at.

import './node-version.ts';

const { runProgram } = await import('./program.ts');
process.exitCode = await runProgram(process.argv);
