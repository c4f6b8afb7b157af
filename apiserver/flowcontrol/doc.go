// Package flowcontrol decides which request is served now, which waits and which is turned away, so that a client that asks too
// much takes nothing from the others: API Priority and Fairness.
//
//	request ─> FlowSchema ─> priority level ─┬─> queue ─┐
//	           the first     its seats, and  ├─> queue ─┼─> a seat: it is served
//	           that matches  queues          └─> queue ─┘
//	                                           of a flow, such as a user, a few by lot
//
// The server has so many seats. Priority levels get shares of them, and lend each other what they do not use (limits.go). At a
// level, requests of one flow go to one of a few queues (deal.go), and the queues take turns, each getting the same work done in
// the same time (level.go). A request that does much takes more than one seat, or keeps it for longer (work.go).
//
// Follows KEP-1040 and k8s.io/apiserver/pkg/util/flowcontrol.
package flowcontrol
