// The shape of a chat chunk: what matches means the same, and what might not is left to be read.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChunkTemplate } from './chunk-template.ts';
import { bytesOf } from './scan.fixture.ts';

const learnt = (line: string): ChunkTemplate => {
  const template = new ChunkTemplate();
  const bytes = bytesOf(line);
  template.learn(bytes, 0, bytes.length);
  bytes.fill(0);
  return template;
};

/** Where `line` is found to end behind `offset` other bytes, counted from its start. */
const matched = (template: ChunkTemplate, line: string, offset = 0): number => {
  const bytes = bytesOf(`${'x'.repeat(offset)}${line}`);
  template.view(bytes);
  const end = template.match(bytes, offset, bytes.length);
  template.unview();
  return end < 0 ? -1 : end - offset;
};

const chunk = (text: string, tail = '"finish_reason":null}]}') =>
  `data: {"id":"c-1","choices":[{"index":0,"delta":{"content":${JSON.stringify(text)}},${tail}`;

describe('the shape of a chunk', () => {
  it('is met again with any other text, at any alignment', () => {
    const template = learnt(chunk('one'));
    assert.equal(template.ready, true);
    for (let offset = 0; offset < 17; offset += 1) {
      for (const text of ['', 'a', ' "quoted" \\', 'é😀', '\n', ',"finish_reason":"stop"']) {
        const line = chunk(text);
        const length = bytesOf(line).length;
        assert.equal(matched(template, `${line}\n\n`, offset), length, `${text} at ${offset}`);
        assert.equal(matched(template, `${line}\r\n`, offset), length);
        assert.equal(matched(template, line, offset), -1, 'without its line end');
      }
    }
  });

  it('is not met by a chunk that differs anywhere else', () => {
    const template = learnt(chunk('one'));
    const line = `${chunk('one')}\n\n`;
    const hole = line.indexOf('one');
    for (let at = 0; at < line.length - 1; at += 1) {
      if (at >= hole && at < hole + 3) continue;
      const other = line[at] === '#' ? '%' : '#';
      assert.equal(matched(template, line.slice(0, at) + other + line.slice(at + 1)), -1, `${at}`);
    }
    assert.equal(matched(template, `${chunk('one', '"finish_reason":"stop"}]}')}\n\n`), -1);
  });

  it('is not met by a text with a line end in it, escaped or not', () => {
    const template = learnt(chunk('one'));
    for (const end of ['\n', '\r', '\\\n', '\\\r\n']) {
      assert.equal(matched(template, `${chunk('one').replace('one', `o${end}e`)}\n\n`), -1);
    }
  });

  it('may differ in its padding as well', () => {
    const padded = (text: string, padding: string) =>
      `${chunk(text, '"finish_reason":null}]')},"obfuscation":"${padding}"}`;
    const template = learnt(padded('one', 'abc'));
    const line = padded('three', 'x');
    assert.equal(matched(template, `${line}\n`), line.length);
    assert.equal(matched(template, `${padded('three', 'x').replace('c-1', 'c-2')}\n`), -1);
  });

  it('is not learnt where comparing would not be exact', () => {
    assert.equal(learnt(chunk('one').replace('c-1', 'cé1')).ready, false);
    assert.equal(learnt(chunk('one').replace('c-1', 'c\u0000')).ready, false);
    assert.equal(learnt(`data: {"id":"${'x'.repeat(3000)}"}`).ready, false);
  });

  it('is learnt a bounded number of times', () => {
    const template = new ChunkTemplate();
    for (let time = 0; time < 64; time += 1) {
      const bytes = bytesOf(chunk('one').replace('c-1', `c-${time}`));
      template.learn(bytes, 0, bytes.length);
    }
    const bytes = bytesOf(chunk('one'));
    template.learn(bytes, 0, bytes.length);
    assert.equal(matched(template, `${chunk('one')}\n`), -1);
    assert.notEqual(matched(template, `${chunk('one').replace('c-1', 'c-63')}\n`), -1);
  });
});
