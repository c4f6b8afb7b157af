package apiserver

import (
	"net/http"

	"kubelite/api"
)

// By these two documents others can check service account tokens without asking the API server: OpenID Connect
// discovery names the issuer and where its public keys are.

func (s *Server) serveOpenIDConfiguration(w http.ResponseWriter, _ *http.Request) {
	s.sendDocument(w, mediaJSON, map[string]any{
		"issuer": s.config.ServiceAccountIssuer, "jwks_uri": "https://" + s.advertised() + "/openid/v1/jwks",
		"response_types_supported": []string{"id_token"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"ES256"},
	})
}

func (s *Server) serveKeySet(w http.ResponseWriter, _ *http.Request) {
	s.sendDocument(w, "application/jwk-set+json", s.tokens.key.KeySet())
}

func (s *Server) sendDocument(w http.ResponseWriter, media string, doc any) {
	body, err := api.MarshalJSON(doc)
	if err != nil {
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", media)
	w.Header().Set("Cache-Control", "public, max-age=3600")
	_, _ = w.Write(body) // an error means that the client is gone
}
