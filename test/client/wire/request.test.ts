import { samples } from '../../support/samples.ts';
import { describeStruct } from '../../support/struct.ts';

describeStruct('RejoinRequest', samples.RejoinRequest);
describeStruct('SignedRequest', samples.SignedRequest);
