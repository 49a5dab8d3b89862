import { samples } from '../../support/samples.ts';
import { describeStruct } from '../../support/struct.ts';

describeStruct('Recipient', samples.Recipient);
describeStruct('Send', samples.Send);
describeStruct('Accepted', samples.Accepted);
