"""What benchmarks and exams share: measuring, and running test harnesses in processes of their own."""
