export {
  credentials,
  PROBE,
  type Probe,
  type ProbedMount,
  parseMounts,
  parseProbe,
} from '../../plugin-sdk/src/kit/probe.ts';
