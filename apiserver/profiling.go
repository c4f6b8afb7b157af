package apiserver

import (
	"net/http"
	"net/http/pprof"

	"github.com/gorilla/mux"
)

// profiling serves what Go measures of the running process under /debug/pprof/, as kube-apiserver does unless it is told
// not to: where time and memory go, what every goroutine does. It is behind the same chain as all else, so only those may ask
// whom a role lets at this path: administrators.
//
//	kubectl get --raw '/debug/pprof/profile?seconds=10' > cpu.pprof && go tool pprof cpu.pprof
func profiling(r *mux.Router) {
	r.HandleFunc("/debug/pprof/profile", pprof.Profile)
	r.HandleFunc("/debug/pprof/trace", pprof.Trace)
	r.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	r.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	r.PathPrefix("/debug/pprof/").HandlerFunc(pprof.Index)
	r.HandleFunc("/debug/pprof", func(w http.ResponseWriter, hr *http.Request) {
		http.Redirect(w, hr, hr.URL.Path+"/", http.StatusMovedPermanently)
	})
}
