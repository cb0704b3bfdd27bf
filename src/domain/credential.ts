// What a check of a credential answers.

/** `unknown`: the check could not tell, which is never taken for invalid. */
export interface CredentialChecked {
  readonly state: 'valid' | 'invalid' | 'unknown';
  /** One sentence. */
  readonly evidence: string;
}
