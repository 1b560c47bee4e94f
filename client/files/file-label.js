/** The label of the data channels that carry files from browser to browser (docs/files.md): known before the code that reads them is loaded. */
export const CHANNEL = "mayfly/files/1";
