package dashboard

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"kubelite/api"
	"kubelite/client"
)

// A browser opens six connections to one host, and every watch occupies one for good. So the page asks for all its watches
// at once, and gets them as one stream of lines, each with the number of the watch that it belongs to:
//
//	GET stream?watch=/api/v1/pods?watch=1...&watch=/api/v1/nodes?watch=1...
//	[0,{"type":"ADDED","object":{...}}]
//	[1,{"type":"ADDED","object":{...}}]
//	[1,{"type":"END"}]                      the server ended it: it is to be asked for again
//
// What a watch may ask for is what the page may ask for anyway.

// maxWatches bounds one stream.
const maxWatches = 64

func (s *Server) serveStream(w http.ResponseWriter, r *http.Request) {
	watches := r.URL.Query()["watch"]
	if len(watches) == 0 || len(watches) > maxWatches {
		http.Error(w, fmt.Sprintf("watch: want 1 to %d of them", maxWatches), http.StatusBadRequest)
		return
	}
	var requests []client.Request
	for _, text := range watches {
		u, err := url.Parse(text)
		if err != nil || u.Host != "" || !passes(http.MethodGet, u.Path) || !u.Query().Has("watch") {
			http.Error(w, fmt.Sprintf("watch: %q is none", text), http.StatusBadRequest)
			return
		}
		requests = append(requests, client.Request{Path: u.Path, Query: u.Query()})
	}
	ctx, stop := context.WithCancel(r.Context())
	defer stop()
	lines := make(chan []byte, 256)
	var readers sync.WaitGroup
	for i, request := range requests {
		readers.Go(func() { s.follow(ctx, i, request, lines) })
	}
	go func() { readers.Wait(); close(lines) }()

	w.Header().Set("Content-Type", "application/x-ndjson")
	flush := http.NewResponseController(w).Flush
	for line := range lines {
		_, err := w.Write(line)
		if err == nil && len(lines) == 0 {
			err = flush()
		}
		if err != nil { // the browser is gone; the readers end with ctx
			stop()
		}
	}
}

// follow reads one watch to its end.
func (s *Server) follow(ctx context.Context, number int, request client.Request, lines chan<- []byte) {
	send := func(event []byte) {
		line := fmt.Appendf(nil, "[%d,%s]\n", number, event)
		select {
		case lines <- line:
		case <-ctx.Done():
		}
	}
	defer send([]byte(`{"type":"END"}`))
	body, err := s.cfg.Client.Stream(ctx, request)
	if err != nil {
		send(failure(err))
		return
	}
	defer body.Close()
	for r := bufio.NewReaderSize(body, 64<<10); ; {
		line, err := r.ReadBytes('\n')
		if err != nil {
			return // half a line is no event
		}
		send([]byte(strings.TrimSpace(string(line))))
	}
}

// failure is an error as a watch tells it.
func failure(err error) []byte {
	status := api.Status{Status: api.StatusFailure, Code: http.StatusBadGateway, Message: err.Error()}
	if known := (*api.StatusError)(nil); errors.As(err, &known) {
		status = known.ErrStatus
	}
	line, _ := api.MarshalJSON(map[string]any{"type": "ERROR", "object": status}) // numbers and strings
	return line
}
