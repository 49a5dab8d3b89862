import { samples } from '../../support/samples.ts';
import { describeStruct } from '../../support/struct.ts';

describeStruct('Operation', samples.Operation);
describeStruct('Record', samples.Record);
describeStruct('SignedRecord', samples.SignedRecord);
describeStruct('LeafOrigin', samples.LeafOrigin);
describeStruct('Details', samples.Details);
describeStruct('AgreementBody', samples.AgreementBody);
