// Puts the messages and stack traces of failures into a payload of their own, so that the codec encrypts them as well.
// CommonJS, because Temporal loads it with require(); a worker bundles it into its workflows too.

const { DefaultFailureConverter } = require('@temporalio/common');

exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
