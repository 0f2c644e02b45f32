export {receiveNotifications} from '../../plugin-sdk/src/kit/receive-notifications.ts';
