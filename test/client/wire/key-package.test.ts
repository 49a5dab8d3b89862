import { samples } from '../../support/samples.ts';
import { describeStruct } from '../../support/struct.ts';

describeStruct('KeyPackage', samples.KeyPackage);
describeStruct('SignedKeyPackage', samples.SignedKeyPackage);
describeStruct('UploadedPackage', samples.UploadedPackage);
describeStruct('KeyPackageUpload', samples.KeyPackageUpload);
describeStruct('KeyPackageCount', samples.KeyPackageCount);
describeStruct('KeyPackageClaim', samples.KeyPackageClaim);
describeStruct('KeyPackageClaimResult', samples.KeyPackageClaimResult);
