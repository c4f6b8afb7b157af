kubectl-lite autoscale deployment kitchen --min=1 --max=4 --cpu=50% -n lab-autoscaling
