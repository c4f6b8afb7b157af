// Package lab gives a learner something to do on a cluster of their own, and tells whether it was done.
//
//	docs/labs/NN-name/README.md      the story, what to do, what to look at
//	                  lab.yaml       what is watched, the checks, the hints
//	                  setup.yaml     objects that are there when it begins, broken ones perhaps; of a Node, what the last node gets
//	                  fault.yaml     what is patched, or deleted, once these have come to rest, where something is to break
//	                  solution.sh    commands that solve it
//	                  mistake.sh     commands that only seem to: the checks must see it
//	                  debrief.md     what happened, and which files of kubelite did it
//
// A check is an expression in CEL, the language that the API itself uses for admission policies, over the objects as they
// are and over their history, revision by revision:
//
//	             begin                                                   now
//	pods         [a b c] ── [a b c d] ── [b c d] ── [b c d e] ── ...      = the last moment's
//	history      [ moment,   moment,      moment,    moment,     ... ]    history.all(h, h.pods.size() >= 3)
//
// The history is what the API server would tell any watcher that comes back after a while: a list at the revision at which
// the lab began, and the events since. Nothing is polled: `kubelite lab watch` is a watch that does not end. What the server
// has forgotten is kept in seen.go.
//
// It must not know the store, nor how a cluster is started: it is a client like others. Start reading at Lab in lab.go, then
// follow in observe.go, moments in history.go and evaluate in check.go.
//
// Real Kubernetes has no such thing. Chapter: docs/labs/README.md.
package lab
