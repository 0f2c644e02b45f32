import test from 'ava';
import {BEGUN_ANEW, hasBegunAnew, identityText} from '../../src/linux/begun-anew.ts';
import {identify} from '../../src/linux/process-identity.ts';

test.serial(
  'S11 what a process inherits or is given does not say that it has begun anew: only its own identity does, or that of its parent',
  (t) => {
    const own = identify(process.pid);
    const parent = identify(process.ppid);
    const first = identify(1);
    t.teardown(() => Reflect.deleteProperty(process.env, BEGUN_ANEW));
    const says = (value: string | undefined): boolean => {
      if (value === undefined) Reflect.deleteProperty(process.env, BEGUN_ANEW);
      else process.env[BEGUN_ANEW] = value;
      return hasBegunAnew();
    };
    t.false(says(undefined));
    for (const value of ['', '1', `${process.pid}`, `${process.pid}:0`]) t.false(says(value), value);
    if (first !== undefined && process.ppid !== 1) t.false(says(identityText(first)));
    t.true(parent === undefined || says(identityText(parent)));
    t.true(own !== undefined && says(identityText(own)));
  },
);
