export {atMost} from '../../plugin-sdk/src/kit/at-most.ts';
