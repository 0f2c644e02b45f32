import {isolatorDefinitions} from '../../appc/isolators/definitions.ts';
import {wrong} from './checked.ts';

/** The names in the values of `--accept-image`. @throws RKT_FLAG_VALUE_INVALID */
export const parseAcceptImage = (values: readonly string[]): string[] =>
  values.flatMap((value) =>
    value.split(',').map((name) => {
      const typed = {flag: 'accept-image', value, example: 'os/linux/capabilities-retain-set'};
      // Never a blanket switch: each is named.
      if (name === 'all') throw wrong(typed, 'there is no "all"; name each isolator');
      if (!Object.hasOwn(isolatorDefinitions, name)) throw wrong(typed, `"${name}" is no isolator that rkt knows`);
      return name;
    }),
  );
