// Command hello is the small web server of the examples: it tells who answers, so that one can see a request reach
// one pod or another, and a rolling update replace the old ones.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 {
		os.Exit(tool(os.Args[1:], os.Stdin, os.Stdout))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx); err != nil {
		log.Fatal(err)
	}
}

// serve answers on $PORT, 8080 if unset, until ctx ends.
func serve(ctx context.Context) error {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	greeting := os.Getenv("GREETING")
	if greeting == "" {
		greeting = "hello"
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if os.Getenv("QUIET") == "" { // a line for each request is much under load
			log.Printf("%s %s from %s", r.Method, r.URL.Path, r.RemoteAddr)
		}
		fmt.Fprintf(w, "%s from %s\n", greeting, host)
	})
	server := &http.Server{Addr: ":" + port, Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		if err := server.Shutdown(context.WithoutCancel(ctx)); err != nil {
			log.Printf("shutdown: %v", err)
		}
	}()
	log.Printf("%s says %q on port %s", host, greeting, port)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
