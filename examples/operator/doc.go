// Command operator looks after databases: of one Database object it makes a Secret with a password, a Service, a
// PersistentVolumeClaim and a StatefulSet, and keeps them as the object says. It is built on controller-runtime, as most operators are.
//
// Read it in this order: database.go is the new kind, reconcile.go the loop, parts.go what a database is made of,
// main.go how the loop is run. deploy/ has the manifests: the kind's definition, the operator's rights, the operator.
package main
