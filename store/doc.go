// Package store keeps every object of the cluster, and the history of each: what etcd does for Kubernetes. It is
// a key-value store with one counter, the revision, that all writes share; an object's resourceVersion is the
// revision of its last write, and a watch is "everything behind revision N". It also keeps the ledger: beside each
// write, why it was made.
//
//	Create Update Delete Record                        Get List Records        Watch
//	        │                                                 │                  │
//	        ▼                                                 ▼                  ▼
//	   commitLoop ──1──▶ wal (one fdatasync for many)   ┌────────────────────────────┐
//	        │                                           │ memtable: the last seconds │
//	        └──────────2──▶ published to ──────────────▶│ bbolt: all before          │
//	                                                    └────────────────────────────┘
//	   fillLoop: memtable ──▶ bbolt, every few seconds; then the log can be cut; compactions
//
// Two goroutines make all changes. The committer (commit.go) decides preconditions and orders writes: it touches the
// log and memory. The filler (fill.go) moves them on into bbolt, and compacts: it touches bbolt. Readers lock only to
// see both in one consistent state.
//
// The store must not know what it stores: no kinds, no JSON, no names of resources. Keys are strings with a common
// prefix for what is listed together, values are bytes.
//
// Where to start reading: [Store] in store.go is the contract; engine.commit is the write path on one screen;
// reader in read.go shows how memory and bbolt make one picture; layout.go says what is in the file. Then
// watch.go, compact.go, ledger_sweep.go. The chapter is docs/01-store.md.
//
// In real Kubernetes this is a program of its own, etcd, with three or five copies that agree on the order of writes
// by Raft before they apply them (server/etcdserver/raft.go); there is one copy here, and the log is the agreement.
// Its parts have the same names: server/storage/wal, server/storage/mvcc (revisions, watch, compaction; an index of
// all keys is in memory, where here it is a bucket), server/storage/backend (bbolt, in batches, with a buffer for what is
// not yet committed). The API server's side is k8s.io/apiserver/pkg/storage/etcd3.
package store
