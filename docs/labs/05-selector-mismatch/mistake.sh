# Only half of it: the port's name is wrong, too.
kubectl-lite set selector service/shop app=web-shop -n lab-selector-mismatch
