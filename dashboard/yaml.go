package dashboard

import (
	"io"
	"net/http"

	"kubelite/api"
)

// largestObject bounds what the page may ask to have written as YAML; objects of the API are smaller.
const largestObject = 8 << 20

// serveYAML writes an object as people read it, in the form that kubectl-lite prints. The page sends it, less what is
// secret or of no interest, so that what is hidden is decided in one place.
func serveYAML(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestObject))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	var object map[string]any
	if err := api.UnmarshalJSON(body, &object); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	text, err := api.MarshalYAML(object)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write(text) // it fails if the browser is gone
}
