import test from 'ava';
import {extractionError} from '../../src/image/extraction-error.ts';
import {SyscallError} from '../../src/linux/syscall-error.ts';
import {RktError} from '../../src/rkt-error.ts';

const errorOf = (output: string) => extractionError('bsdtar', {status: 'exit status 1', output}, '/to');

for (const [output, code] of [
  ["cp: error writing '/target/x': No space left on device", 'ENOSPC'],
  ['f: Write failed: No space left on device\nbsdtar: Error exit delayed from previous errors.', 'ENOSPC'],
  ["./f: Can't create 'f': Disk quota exceeded", 'EDQUOT'],
] as const) {
  test(`S10 a tool that says ${JSON.stringify(output)} has found a full disk`, (t) => {
    const error = errorOf(output);
    t.true(error instanceof SyscallError && error.code === code && error.path === '/to');
  });
}

test('another failure of a tool names the tool, and a name in it is no message', (t) => {
  for (const output of ['', "./: No space left on device: Can't create it: Permission denied"]) {
    const error = errorOf(output);
    t.true(error instanceof RktError);
    t.is(error instanceof RktError ? error.code : undefined, 'RKT_IMAGE_EXTRACTION_FAILED');
    t.like(error, {fields: {program: 'bsdtar', status: 'exit status 1', output}});
  }
});
