package api

// Quantity is an amount such as "100m", "1Gi" or "0.5".
type Quantity struct {
	text string
}
