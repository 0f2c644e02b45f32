import * as z from 'zod/mini';
import {isDate} from './date.ts';
import {acIdentifier} from './names.ts';
import {isRestart, RESTART_ANNOTATION, RESTART_LIMIT_ANNOTATION, RESTARTS, readRestartLimit} from './restart.ts';
import {text} from './text.ts';
import {uniqueNames} from './unique.ts';
import {readWatchdog, WATCHDOG_ANNOTATION} from './watchdog.ts';

const isWebAddress = (value: string): boolean => /^https?:\/\/[^\s/]\S*$/.test(value) && URL.canParse(value);

/** What appc, or rkt in a name of its own, says about the value of an annotation, by name. */
const wellKnown: Readonly<Record<string, {readonly is: (value: string) => boolean; readonly expected: string}>> = {
  created: {is: isDate, expected: 'a date and time by RFC 3339'},
  documentation: {is: isWebAddress, expected: 'a URL with scheme http or https'},
  homepage: {is: isWebAddress, expected: 'a URL with scheme http or https'},
  [RESTART_ANNOTATION]: {is: isRestart, expected: `one of ${RESTARTS.join(', ')}`},
  [RESTART_LIMIT_ANNOTATION]: {
    is: (value) => readRestartLimit(value) !== undefined,
    expected: 'how often within how many seconds, as "5/600s"',
  },
  [WATCHDOG_ANNOTATION]: {
    is: (value) => readWatchdog(value) !== undefined,
    expected: 'a number of seconds, as "30s"',
  },
};

const annotation = z.lazy(() => z.strictObject({name: acIdentifier, value: text}));
export type Annotation = z.infer<typeof annotation>;

/** Annotations: names unique, well-known ones as appc defines them (appc IM-29, PO-08). */
export const annotations = z.lazy(() =>
  z.array(annotation).check(
    uniqueNames,
    z.check<readonly Annotation[]>((context) => {
      context.value.forEach(({name, value}, i) => {
        const rule = Object.hasOwn(wellKnown, name) ? wellKnown[name] : undefined;
        if (rule !== undefined && !rule.is(value)) {
          context.issues.push({code: 'custom', message: rule.expected, path: [i, 'value'], input: value});
        }
      });
    }),
  ),
);

/** The value of an annotation; `undefined` when there is none. */
export const findAnnotation = (list: readonly Annotation[] | null | undefined, name: string): string | undefined =>
  list?.find((entry) => entry.name === name)?.value;

/** Data of the end user that never changes what rkt does (appc IM-25, PO-14). */
export const userData = z.lazy(() => z.record(z.string(), z.string()));
