import type { Filter, SubscriptionPolicy } from './messages.ts';

/** The topics of IHE DSUB (Document Metadata Subscription). */
export const DSUB_NAMESPACE = 'urn:ihe:iti:dsub:2009';

/** The root topics of DSUB: those of ITI-52, and those that its extensions add. All are in DSUB_NAMESPACE. */
export const DSUB_TOPICS = [
  'FullDocumentEntry',
  'MinimalDocumentEntry',
  'SubmissionSetMetadata',
  'FolderMetadata',
  'ExtendedFullDocumentEntry',
  'ExtendedMinimalDocumentEntry',
  'UpdateFolder',
  'ExtendedFolder',
] as const;

/** The stored queries that a DSUB subscription may name, by what they select. Others are kept and matched the same. */
export const DSUB_QUERIES = {
  documentEntries: 'urn:uuid:aa2332d0-f8fe-11e0-be50-0800200c9a66',
  documentEntriesOfAnyPatient: 'urn:uuid:742790e0-aba6-43d6-9f1f-e43ed9790b79',
  submissionSets: 'urn:uuid:fbede94e-dbdc-4f6b-bc1f-d730e677cece',
  submissionSetsOfAnyPatient: 'urn:uuid:868cad3d-ec09-4565-b66c-1be10d034399',
  folders: 'urn:uuid:9376254e-da05-41f5-9af3-ac56d63d8ebd',
} as const;

/** How many messages Pull Notification (ITI-70) gets whose MaximumNumber is absent; WS-BaseNotification says all of them. */
const DEFAULT_MAXIMUM = 1;

/** The MaximumNumber of a GetMessages under DSUB. */
export function dsubMaximum(requested: number | undefined): number {
  return requested ?? DEFAULT_MAXIMUM;
}

/** True for the filter of a DSUB subscription: by a stored query, or on a topic of DSUB. */
export function isDsubFilter({ topics, queries = [] }: Filter): boolean {
  return queries.length > 0 || topics.some(({ namespaces }) => Object.values(namespaces).includes(DSUB_NAMESPACE));
}

/**
 * The policy of a subscription where DSUB is offered: a DSUB recipient is told when its subscription is deactivated
 * without its doing (ITI-53), unless it asked not to be.
 */
export function dsubPolicy(filter: Filter, policy: SubscriptionPolicy = {}): SubscriptionPolicy {
  return isDsubFilter(filter) ? { notifyTermination: true, ...policy } : policy;
}
