import { samples } from '../../support/samples.ts';
import { describeStruct } from '../../support/struct.ts';

describeStruct('Hello', samples.Hello);
describeStruct('QueueEntry', samples.QueueEntry);
describeStruct('QueuePage', samples.QueuePage);
describeStruct('Ack', samples.Ack);
