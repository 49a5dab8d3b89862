import { samples } from '../../support/samples.ts';
import { describeStruct } from '../../support/struct.ts';

describeStruct('Envelope', samples.Envelope);
describeStruct('AgreementHeader', samples.AgreementHeader);
describeStruct('RequestHeader', samples.RequestHeader);
describeStruct('MessageHeader', samples.MessageHeader);
describeStruct('Contribution', samples.Contribution);
