import { samples } from '../../support/samples.ts';
import { describeStruct } from '../../support/struct.ts';

describeStruct('OutboxRecord', samples.OutboxRecord);
describeStruct('OutboxPage', samples.OutboxPage);
