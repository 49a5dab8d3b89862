import { samples } from '../../support/samples.ts';
import { describeStruct } from '../../support/struct.ts';

describeStruct('RosterEntry', samples.RosterEntry);
describeStruct('Operation', samples.Operation);
describeStruct('Record', samples.Record);
describeStruct('SignedRecord', samples.SignedRecord);
describeStruct('LeafOrigin', samples.LeafOrigin);
describeStruct('HeldGeneration', samples.HeldGeneration);
describeStruct('Base', samples.Base);
describeStruct('Details', samples.Details);
describeStruct('AgreementBody', samples.AgreementBody);
describeStruct('Notice', samples.Notice);
