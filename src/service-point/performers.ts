import type { WsnRequest, WsnRequests } from '../wsn/codec.ts';
import type { WsnOperation } from '../wsn/operations.ts';
import type { Call } from './call.ts';
import { createPullPoint } from './create-pull-point.ts';
import { getCurrentMessage, notify, subscribe } from './notification-broker.ts';
import { destroyRegistration } from './publisher-registration.ts';
import { destroyPullPoint, getMessages } from './pull-point.ts';
import { registerPublisher } from './register-publisher.ts';
import type { ReplyBody } from './reply-body.ts';
import { destroy, setTerminationTime } from './resource-lifetime.ts';
import {
  changeResourceProperties,
  getMultipleResourceProperties,
  getResourceProperty,
  getResourcePropertyDocument,
  putResourcePropertyDocument,
  queryResourceProperties,
} from './resource-properties.ts';
import { pauseSubscription, renew, resumeSubscription, unsubscribe } from './subscription-manager.ts';

type Perform<R> = (request: R, call: Call) => Promise<ReplyBody | undefined>;

/** For operations whose request says nothing but its name. */
function bare(perform: (call: Call) => Promise<ReplyBody>): Perform<WsnRequest> {
  return (_request, call) => perform(call);
}

/** Who serves each operation, whatever the endpoint that it was sent to. */
const PERFORMERS: { readonly [O in WsnOperation]: Perform<WsnRequests[O]> } = {
  Subscribe: subscribe,
  Notify: notify,
  GetCurrentMessage: getCurrentMessage,
  Renew: renew,
  Unsubscribe: bare(unsubscribe),
  PauseSubscription: bare(pauseSubscription),
  ResumeSubscription: bare(resumeSubscription),
  CreatePullPoint: bare(createPullPoint),
  GetMessages: getMessages,
  DestroyPullPoint: bare(destroyPullPoint),
  RegisterPublisher: registerPublisher,
  DestroyRegistration: bare(destroyRegistration),
  Destroy: bare(destroy),
  SetTerminationTime: setTerminationTime,
  GetResourcePropertyDocument: bare(getResourcePropertyDocument),
  GetResourceProperty: getResourceProperty,
  GetMultipleResourceProperties: getMultipleResourceProperties,
  PutResourcePropertyDocument: putResourcePropertyDocument,
  SetResourceProperties: changeResourceProperties,
  InsertResourceProperties: changeResourceProperties,
  UpdateResourceProperties: changeResourceProperties,
  DeleteResourceProperties: changeResourceProperties,
  QueryResourceProperties: queryResourceProperties,
};

/** Does what the request asks for; the body of the reply, undefined for one way. */
export function perform(request: WsnRequest, call: Call): Promise<ReplyBody | undefined> {
  // The table has, for each operation, who takes the request of that operation.
  const performer = PERFORMERS[request.operation] as Perform<WsnRequest>;
  return performer(request, call);
}
