import { samples } from '../../support/samples.ts';
import { describeStruct } from '../../support/struct.ts';

describeStruct('ServerFrame', samples.ServerFrame);
describeStruct('ClientFrame', samples.ClientFrame);
