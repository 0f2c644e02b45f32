export {cgroupDirectories, cgroupValues, diskLimits, processesBelow} from '../../plugin-sdk/src/kit/cgroup.ts';
