import test from 'ava';
import {imageDamaged} from '../../src/image/errors.ts';
import {SyscallError} from '../../src/linux/syscall-error.ts';

test('what is damaged of an image is told with what the kernel said of which file', (t) => {
  const {message} = imageDamaged('sha512-0', 'info.json cannot be read', new SyscallError('read', 5, '/cas/info.json'));
  t.regex(message, /info\.json cannot be read: \/cas\/info\.json: the disk cannot be read/);
  t.regex(imageDamaged('sha512-0', 'it does not parse', new SyntaxError('x')).message, /it does not parse$/);
});
