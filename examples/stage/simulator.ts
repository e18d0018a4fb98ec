// `holdfast sim` for an example: every simulated service on free ports of this machine.

import { HOLDFAST } from './gateway.ts';
import { Program } from './program.ts';

/** What the ServiceNow instance says of itself in the end. */
export interface InstanceReport {
  readonly requests: number;
  /** The most requests that were there at a time. */
  readonly atOnceMost: number;
  /** Connections closed on calls that found no place. */
  readonly closed: number;
  /** Access tokens made. */
  readonly tokens: number;
}

/** What the simulator says in the end. */
export interface SimulatorReport {
  /** Of the model providers and the Salesforce org together. */
  readonly requests: number;
  readonly servicenow?: InstanceReport;
}

/** Addresses of the simulated services. */
interface Addresses {
  readonly url: string;
  readonly salesforce: string;
  readonly servicenow: string;
}

/** The running simulator. Ends by `end`. */
export interface Simulator extends Addresses {
  end(): Promise<SimulatorReport>;
}

/** Starts it. */
export async function startSimulator(): Promise<Simulator> {
  const program = new Program('the simulator', [HOLDFAST, 'sim', '--port', '0', '--json']);
  const [line] = await program.until(/^\{.*\}$/m);
  return {
    ...(JSON.parse(line) as Addresses),
    async end() {
      await program.end();
      const last = program.output.trimEnd().split('\n').at(-1) ?? '{}';
      return JSON.parse(last) as SimulatorReport;
    },
  };
}
