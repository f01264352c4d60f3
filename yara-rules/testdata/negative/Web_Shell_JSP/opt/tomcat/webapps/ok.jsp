<%@ page import="java.io.*" %><% String id = request.getParameter("id"); Runtime.getRuntime().gc(); %>
