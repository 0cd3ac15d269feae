/** The clustering topologies: each test of the cluster runs on all of them. */
export const KINDS = ['load-balanced', 'high-availability', 'combined'] as const;
