// Decides whether an answer calls tools, which ones and with what input. Shells of coding clients
// get a harmless `echo`, because those clients really run what they are told.

import type { Ask, OfferedTool } from './ask.ts';
import { withoutDirectives } from './directives.ts';
import type { Directives } from './directives.ts';
import { asObject } from './json.ts';
import type { Json } from './json.ts';
import { sampleValue } from './sample-value.ts';
import type { SimModel } from './sim-models.ts';

/** A call to a tool, before it has an id. */
export interface PlannedCall {
  readonly name: string;
  /** The input of a function as JSON text, or the free text of a custom tool. */
  readonly input: string;
  readonly custom: boolean;
}

/** Shells of Claude Code and Codex, in order of preference. */
const shellNames = ['Bash', 'exec_command', 'shell_command', 'shell', 'local_shell', 'bash'];

/** The calls of this turn; none when the answer is text. */
export function planCalls(ask: Ask, wishes: Directives, model: SimModel): PlannedCall[] {
  const rounds = wishes.rounds ?? 1;
  if (ask.tools.length === 0 || ask.choice.mode === 'none' || ask.roundsDone >= rounds) return [];
  const text = withoutDirectives(ask.userText);
  const named = ask.tools.filter((tool) => mentions(text, tool.name));
  const asked =
    ask.choice.mode === 'required' ||
    model.behaviour === 'tools' ||
    wishes.tool !== undefined ||
    wishes.tools !== undefined ||
    wishes.rounds !== undefined ||
    named.length > 0 ||
    /\btools?\b/i.test(text);
  if (!asked) return [];
  const chosen = chooseTools(ask, wishes, named);
  const count = ask.parallel ? (wishes.tools ?? chosen.length) : 1;
  return Array.from({ length: count }, (_, place) => {
    const tool = chosen[place % chosen.length] as OfferedTool;
    return callOf(tool, place + 1 + ask.roundsDone);
  });
}

/** At least one tool: the one that must be called, those that are named, a shell, or the first. */
function chooseTools(ask: Ask, wishes: Directives, named: OfferedTool[]): OfferedTool[] {
  const wanted = ask.choice.name ?? (wishes.tool === '' ? undefined : wishes.tool);
  const exact = ask.tools.filter((tool) => tool.name === wanted);
  if (exact.length > 0) return exact;
  if (named.length > 0) return named;
  for (const name of shellNames) {
    const shell = ask.tools.filter((tool) => tool.name === name);
    if (shell.length > 0) return shell;
  }
  return ask.tools.slice(0, 1);
}

function mentions(text: string, name: string): boolean {
  const at = text.indexOf(name);
  if (name === '' || at < 0) return false;
  return !/\w/.test(text.charAt(at - 1)) && !/\w/.test(text.charAt(at + name.length));
}

function callOf(tool: OfferedTool, number: number): PlannedCall {
  const word = `holdfast-${number}`;
  if (tool.schema === undefined) return { name: tool.name, input: `echo ${word}`, custom: true };
  const input = shellNames.includes(tool.name) ? shellInput(tool, word) : sampleValue(tool.schema);
  return { name: tool.name, input: JSON.stringify(input), custom: false };
}

/** The command goes where the shell's schema wants it, as one text or as a list of words. */
function shellInput(tool: OfferedTool, word: string): Json {
  const properties = asObject(tool.schema?.properties) ?? {};
  const field = properties.cmd === undefined ? 'command' : 'cmd';
  const asWords = asObject(properties[field])?.type === 'array';
  const made = asObject(sampleValue(tool.schema ?? {})) ?? {};
  return { ...made, [field]: asWords ? ['echo', word] : `echo ${word}` };
}
