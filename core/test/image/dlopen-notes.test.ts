import test from 'ava';
import {parseDlopenNotes} from '../../src/image/build/dlopen-notes.ts';

const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
const note = (text: string, {owner = 'FDO\0', type = 0x407c0c0a} = {}): Buffer => {
  const content = Buffer.from(text);
  const head = Buffer.alloc(12);
  [owner.length, content.length, type].forEach((number, index) => {
    head.writeUInt32LE(number, index * 4);
  });
  return Buffer.concat([head, padded(Buffer.from(owner, 'latin1')), padded(content)]);
};
const said = (text: string): string => JSON.stringify([{feature: 'x', priority: 'suggested', soname: [text]}]);

test('notes of libraries that are loaded later, between those of others', (t) => {
  const segment = Buffer.concat([
    note('build id', {owner: 'GNU\0', type: 3}),
    note(`${said('libseccomp.so.2')}\0`),
    note(said('liba.so'), {type: 1}),
    note(said('libmount.so.1')),
  ]);
  t.deepEqual(
    parseDlopenNotes(segment).map(({soname}) => soname),
    [['libseccomp.so.2'], ['libmount.so.1']],
  );
});

for (const [what, segment] of [
  ['nothing', Buffer.alloc(0)],
  ['no JSON', note('[{')],
  ['no list', note('{"soname": ["liba.so"]}')],
  ['no names', note('[{"soname": "liba.so"}, null, 1]')],
  ['a path for a name', note(said('/tmp/liba.so'))],
  ['two names in one', note(said('liba.so:libb.so'))],
  ['a note that ends too early', note(said('liba.so')).subarray(0, 30)],
  ['a size beyond the end', Buffer.from('04000000ffffffff0a0c7c4046444f00', 'hex')],
] as const)
  test(`notes that say nothing: ${what}`, (t) => t.deepEqual(parseDlopenNotes(segment), []));
