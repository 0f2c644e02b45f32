import type {Pod} from '../../contract/pod.ts';
import type {Settings} from '../../settings.ts';
import type {RunRequest} from '../request.ts';

/** Tells an operator at a terminal that a pod has the host's network, if that was not asked for. */
export const tellNetwork = ({remark}: Settings, {net}: RunRequest, {network}: Pod): void => {
  if (net === undefined && network.mode === 'host')
    remark("the pod is on the host's network, because no --net was given (--net=host says the same without this note)");
};
