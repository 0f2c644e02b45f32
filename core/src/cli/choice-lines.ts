import type {FlavorChoice, RuleName} from '../stage1/choice/flavor-choice.ts';
import {BY} from './explanation.ts';

/** How a pod came to its flavor, as lines of `rkt status`. */
export const choiceLines = ({by, rule, restrictions = [], passedOver = [], instead}: FlavorChoice): string[] => [
  `chosen=${by === 'rule' ? `by ${rule === undefined ? 'a rule' : told(rule)}` : BY[by]}`,
  ...restrictions.map((each) => `restricted=by ${told(each)}`),
  ...passedOver.map(({flavor, because}) => `passed-over=${flavor}: ${because.join('; ')}`),
  ...(instead === undefined
    ? []
    : [
        `instead-of=${instead.flavor} ${instead.version}${instead.less.length === 0 ? '' : `, without ${instead.less.join(', ')}`}`,
      ]),
];

const told = ({name, file}: RuleName): string => `rule "${name}" of ${file}`;
